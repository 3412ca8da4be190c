// `wit-bindgen c`: the WIT of a world -> its C bindings and the object that carries the world's type. Knows one command line.

import { json, many, output, rule, text, texts } from "../engine/index.ts";
import { toolSaid } from "./component/wasm-tools.ts";

/** The names of the files that it writes are made of the world's, so that there is a rule for each name. */
function bindgenOf(name: string) {
  return rule({
    id: "wit-bindgen.c",
    version: 1,
    inputs: { wit: many("wit"), world: text(), words: texts(), env: json<{ readonly [name: string]: string }>() },
    outputs: { c: output("c-source", `${name}.c`), header: output("c-header", `${name}.h`), type: output("wasm-object", `${name}_component_type.o`) },
    command: ({ words, world, c }, tool) => [...tool, ...words, "c", "wit", "--world", world, ...(world === name ? [] : ["--rename-world", name]), "--out-dir", c.slice(0, c.lastIndexOf("/"))],
    env: ({ env }) => env,
    explainFailure: (o) => toolSaid("WIT_BINDGEN", "wit-bindgen", "codegen", o),
  });
}

/** By the name that the bindings have in C; a world of another name is renamed. */
export const witBindgenC = { solve: bindgenOf("solve"), proxy: bindgenOf("proxy"), command: bindgenOf("command") } as const;
