// Documents: profiles, registries, toolchains, specrows, what reducers exchange. Knows the checks that read them, not the goals.

import { type JsonValue, parseJson } from "../../../engine/index.ts";
import { validateComponentProfiles } from "../../../rules/component-profile-validate.ts";
import { resolveComponentProfile } from "../../../rules/component-profile.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { checkContinuity, checkDispatch, readFrame, SCHEMAS } from "../../../rules/http/documents.ts";
import { readPayload } from "../../../rules/http/payload.ts";
import { resolveWasmProfile } from "../../../rules/profile.ts";
import { validateProfiles } from "../../../rules/profile-validate.ts";
import { checkSpecrows } from "../../../rules/specrows.ts";
import { validateToolchain } from "../../../rules/toolchain.ts";
import { fault, fileOf, folder, type Kinds, read } from "./kind.ts";
import { mutated, mutatedDocument, pick, type Random } from "./mutate.ts";

const FIXTURES = folder("spec/fixtures/http");
const WASM_PROFILES = folder("arch/wasm/profiles");
const COMPONENT_PROFILES = folder("arch/wasm/component/profiles");
const TOOLCHAINS = folder("arch/wasm/toolchain/profiles");
const REGISTRIES = [read("arch/wasm/index.x07wasm.json"), read("arch/wasm/component/index.x07wasm.component.json"), read("arch/wit/index.x07wit.json"), read("arch/wasm/toolchain/index.x07wasm.toolchain.json")];
const SPECROWS = Buffer.from(JSON.stringify({
  schema_version: "x07cli.specrows@0.1.0",
  app: { name: "x07-wasm", version: "1.0.0" },
  rows: [["root", "help", "-h", "--help", "help"], ["root", "version", "", "--version", "v"], ["root", "flag", "", "--cli-specrows", "cli.specrows", "rows"], ["build", "opt", "", "--project", "project", "PATH", "p", { default: "x07.json" }]],
}));

const document = (bytes: Uint8Array): JsonValue | undefined => {
  const parsed = parseJson(bytes);
  return parsed.ok ? parsed.value : undefined;
};

/** Programs that answer, in any way they like; none is started. */
const probe = (rnd: Random) => () => Promise.resolve(rnd(4) === 0 ? { osError: "ENOENT" } : { stdout: pick(["tool 1.2.3", "", "9".repeat(9000), "v0.2.17\n"], rnd), stderr: "" });

export const DOCUMENT_KINDS: Kinds = {
  "wasm profiles": async (rnd) => (await validateProfiles(fileOf(mutatedDocument(pick(WASM_PROFILES, rnd), rnd)), { "profile-file": "p.json" })).diagnostics,
  "wasm profiles, loaded": async (rnd) => {
    const { profile } = await resolveWasmProfile(fileOf(mutatedDocument(pick(WASM_PROFILES, rnd), rnd)), { "profile-file": "p.json" });
    return profile.ok ? [] : profile.error;
  },
  registries: async (rnd) => (await validateProfiles(fileOf(mutatedDocument(pick(REGISTRIES, rnd), rnd)), {})).diagnostics,
  "component profiles": async (rnd) => (await validateComponentProfiles(fileOf(mutatedDocument(pick([...COMPONENT_PROFILES, ...REGISTRIES], rnd), rnd)), {})).diagnostics,
  "component profiles, loaded": async (rnd) => {
    const { profile } = await resolveComponentProfile(fileOf(mutatedDocument(pick(COMPONENT_PROFILES, rnd), rnd)), { "profile-file": "p.json" });
    return profile.ok ? [] : profile.error;
  },
  toolchains: async (rnd) => {
    const options = rnd(3) === 0 ? {} : { profile: "t.json" };
    return (await validateToolchain(fileOf(mutatedDocument(pick([...TOOLCHAINS, ...REGISTRIES], rnd), rnd)), probe(rnd), options)).diagnostics;
  },
  specrows: async (rnd) => {
    const bytes = mutatedDocument(SPECROWS, rnd);
    return (await checkSpecrows({ mode: "file_v1", path: "rows.json", file: fileOf(bytes)("rows.json") }, {})).diagnostics;
  },
  frames: async (rnd) => {
    const frame = await readFrame(mutatedDocument(pick(FIXTURES, rnd), rnd), "step 0");
    return frame.ok ? [] : frame.diagnostics;
  },
  "envelopes, dispatches and traces": async (rnd) => {
    const value = document(mutatedDocument(pick(FIXTURES, rnd), rnd));
    if (value === undefined) return [];
    return [...(await checkDispatch(value, "d")), ...(await validate(pick(Object.values(SCHEMAS), rnd), value, "f")), ...checkContinuity(value, "t")];
  },
  payloads: (rnd) => {
    const payload = readPayload(document(mutated(Buffer.from(pick(['{"bytes_len":5,"base64":"aGVsbG8="}', '{"bytes_len":2,"text":"é"}', '{"bytes_len":0}'], rnd)), rnd)));
    return payload.ok ? [] : fault(payload.error);
  },
};
