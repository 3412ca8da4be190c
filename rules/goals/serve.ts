// `serve`: the goal around rules/host/serve, with its options.

import { goal } from "../../engine/index.ts";
import { hostOption, limitOptions } from "../host/inputs.ts";
import { incidentOptions } from "../incident/options.ts";

export const serve = goal({
  about: "Answer HTTP requests with a component: one canary request, or a listening server",
  options: [
    { long: "component", key: "component", kind: "PATH", about: "Component that handles requests", required: true },
    { long: "mode", key: "mode", kind: "ENUM", values: ["canary", "listen"], default: "canary", about: "canary: one request, given here; listen: a server" },
    { long: "addr", key: "addr", kind: "STR", default: "127.0.0.1:0", about: "IP:PORT to listen on; port 0 takes a free one, which is told on stderr" },
    { long: "stop-after", key: "stop.after", kind: "U32", default: 1, about: "canary: how often the request is made; listen: stop after so many requests (a connection without one counts too), 0 is never" },
    { long: "request-body", key: "request.body", kind: "BYTES", default: "", about: "canary: hex:…, b64:…, @path, or nothing" },
    { long: "method", key: "method", kind: "STR", default: "POST", about: "canary: the method" },
    { long: "path", key: "path", kind: "STR", default: "/", about: "canary: path and query, or a whole URL" },
    { long: "max-request-bytes", key: "request.max.bytes", kind: "U64", default: 1_048_576, about: "Largest request body" },
    { long: "max-response-bytes", key: "response.max.bytes", kind: "U64", default: 1_048_576, about: "Largest response body" },
    { long: "max-wall-ms-per-request", key: "wall.max.ms.per.request", kind: "U32", default: 5_000, about: "Milliseconds that the guest may take for one request", aliases: ["max-wall-ms"] },
    { long: "max-concurrent", key: "concurrency.max", kind: "U32", default: 16, about: "listen: requests at once; more are answered with 503" },
    { long: "header-timeout-ms", key: "header.timeout.ms", kind: "U32", default: 10_000, about: "listen: milliseconds that a client may take to send its headers" },
    { long: "body-timeout-ms", key: "body.timeout.ms", kind: "U32", default: 30_000, about: "listen: milliseconds that a client may take to send the body" },
    { long: "idle-timeout-ms", key: "idle.timeout.ms", kind: "U32", default: 15_000, about: "listen: milliseconds that a connection may wait for its next request" },
    { long: "ops", key: "ops", kind: "PATH", about: "Ops profile: its capabilities say which folders, variables, secrets, hosts, clocks and chance the guest gets" },
    { long: "evidence-out", key: "evidence.out", kind: "PATH", about: "canary with --ops: write down what clocks and chance told the guest", conflicts: ["evidence-in"] },
    { long: "evidence-in", key: "evidence.in", kind: "PATH", about: "canary with --ops: tell the guest what was written down", conflicts: ["evidence-out"] },
    { long: "hot-path", key: "hot.path", kind: "flag", about: "Leave bodies out of the report" },
    ...limitOptions,
    hostOption,
    ...incidentOptions,
  ],
  report: { schemaVersion: "x07.wasm.serve.report@0.1.0", command: "x07-wasm.serve", schemaFile: "x07-wasm.serve.report.schema.json" },
  examples: ["serve --component dist/http.component.wasm --request-body b64:aGVsbG8=", "serve --component dist/http.component.wasm --mode listen --addr 127.0.0.1:8080 --stop-after 0"],
  direct: true,
  plan: async (options, context) => (await import("../host/serve/serve-goal.ts")).serve(context, options),
});
