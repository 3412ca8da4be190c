// `http test`: recorded steps are put to a reducer again; each answer must be the recorded frame. Performs no effect.

import { baseName, canonical, compact, isJsonArray, isJsonObject, parseJson } from "../../engine/index.ts";
import type { Diagnostic, GoalAnswer, JsonObject, JsonValue, OptionValues, PlanContext } from "../../engine/index.ts";
import { validate } from "../contract/validate.ts";
import { Witness } from "../incident/record.ts";
import { incidentPlace, writeIncident } from "../incident/write.ts";
import type { CoreSession } from "../run/session.ts";
import type { Host } from "../run/choose-host.ts";
import { finding } from "../wasm/finding.ts";
import { checkContinuity, checkDispatch, dispatchBytes, readFrame, SCHEMAS, stepsOf } from "./documents.ts";
import { incidentBytes, testIncident } from "./incident.ts";
import type { HttpFailure, HttpIncident } from "./incident.ts";
import { callDiagnostics } from "./loop.ts";
import { hostFacts, openReducer } from "./reducer.ts";
import type { ReducerFacts } from "./reducer.ts";

interface Case {
  readonly name: string;
  readonly path: string;
  readonly ok: boolean;
  readonly incident: HttpIncident | null;
}

export async function httpTest(context: PlanContext, options: OptionValues): Promise<GoalAnswer> {
  return new Testing(context, options).run();
}

class Testing {
  readonly #witness: Witness;
  readonly #o: OptionValues;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #cases: Case[] = [];
  #host: Host | undefined;

  constructor(context: PlanContext, options: OptionValues) {
    this.#witness = new Witness(context);
    this.#o = options;
  }

  async run(): Promise<GoalAnswer> {
    const traces = [...((this.#o["trace"] ?? []) as readonly string[])].sort();
    const { facts, ...opened } = await openReducer(this.#witness, this.#o, "HTTP_TEST");
    this.#host = opened.host;
    this.#diagnostics.push(...(opened.host?.remarks ?? []));
    if (traces.length === 0) this.#diagnostics.push({ ...finding("X07WASM_HTTP_TEST_TRACE_MISSING", "parse", "there is no trace to replay"), hint: "name one or more with --trace; `x07-wasm http serve --trace-out` records one" });
    if (opened.session === undefined) {
      this.#diagnostics.push(...opened.diagnostics);
      return this.#answer(facts, facts.inputs);
    }
    const inputs = [...facts.inputs];
    try {
      for (const path of traces) {
        const read = this.#witness.context.read(path);
        if (read.ok) inputs.push(read.digest);
        this.#cases.push(await this.#case(opened.session, facts, path));
      }
      return this.#answer(facts, inputs);
    } finally {
      await opened.session.close();
    }
  }

  async #case(session: CoreSession, facts: ReducerFacts, path: string): Promise<Case> {
    const name = baseName(path).replace(/\.[^.]+$/, "") || "trace";
    const ended = (ok: boolean, incident: HttpIncident | null = null): Case => ({ name, path, ok, incident });
    const read = this.#witness.context.read(path);
    const parsed = read.ok ? parseJson(read.bytes) : undefined;
    const steps = parsed?.ok === true ? stepsOf(parsed.value) : undefined;
    if (!read.ok || parsed?.ok !== true || steps === undefined) {
      const why = !read.ok ? read.error : parsed?.ok === false ? `not JSON: ${parsed.error.message} at line ${parsed.error.line}` : "there is no list of steps in it";
      this.#diagnostics.push({ ...finding("X07WASM_HTTP_TEST_CASE_FAILED", "run", `the trace ${path} cannot be replayed: ${why}`), place: { file: path } });
      return ended(false);
    }
    this.#diagnostics.push(...(await validate(SCHEMAS.trace, parsed.value, path)), ...checkContinuity(parsed.value, path));
    for (const [index, { env, frame }] of steps.entries()) {
      const failure = await this.#step(session, env, frame, index, path);
      if (failure !== null) return ended(false, testIncident(facts.component, parsed.value, read.bytes, { ...failure, case: name }));
    }
    return ended(true);
  }

  /** null: the reducer answered as recorded. */
  async #step(session: CoreSession, env: JsonValue, expected: JsonValue, step: number, path: string): Promise<Omit<HttpFailure, "case"> | null> {
    const failure = (diagnostics: readonly Diagnostic[], actual: JsonValue = null) => {
      this.#diagnostics.push(...diagnostics.map((d) => ({ ...d, place: d.place ?? { file: path } })));
      return { step, env, expected_frame: expected, actual_frame: actual };
    };
    const faults = await checkDispatch(env, `${path}: the env of step ${step}`);
    if (faults.length > 0) return failure(faults);
    const outcome = await session.call(dispatchBytes(env));
    if (!outcome.repeatable) this.#witness.context.volatile();
    if (outcome.output === null) return failure(callDiagnostics(outcome, step, "X07WASM_HTTP_TEST_CALL_FAILED"));
    const read = await readFrame(outcome.output, `step ${step}`);
    if (!read.ok) return failure(read.diagnostics);
    if (canonical(read.frame) === canonical(expected)) return null;
    return failure([mismatch(step, path, expected, read.frame)], read.frame);
  }

  #answer(facts: ReducerFacts, inputs: GoalAnswer["inputs"]): GoalAnswer {
    const place = incidentPlace(this.#o);
    const folderOf = (incident: HttpIncident): string => `${place.root}/${incident.group}/${incident.id}`;
    const { tool, uses_process } = hostFacts(this.#host);
    const good = this.#cases.filter((c) => c.ok).length;
    return {
      result: {
        component: { ...facts.component },
        runtime_limits: facts.limits,
        cases: this.#cases.map((c) => ({ name: c.name, ok: c.ok, trace_path: c.path, incident_dir: c.incident === null ? null : folderOf(c.incident) })),
        cases_ok: good,
        cases_failed: this.#cases.length - good,
      },
      diagnostics: this.#diagnostics,
      inputs,
      outputs: [],
      nondeterminism: { uses_os_time: false, uses_network: false, uses_process },
      ...(tool && { tool }),
      human: this.#cases.map((c) => `${c.ok ? "ok     " : "not ok "} ${c.path}`),
      afterReport: (report) => this.#cases.flatMap(({ incident }) => (incident === null ? [] : writeIncident(place, folderOf(incident), new Map([["incident.json", incidentBytes(incident)], ...this.#witness.files(report)])).map(asCreateFailed))),
    };
  }
}

/** This command has a code of its own for a bundle that cannot be written. */
function asCreateFailed(warning: Diagnostic): Diagnostic {
  return { ...warning, code: "X07WASM_HTTP_TEST_INCIDENT_DIR_CREATE_FAILED" };
}

function mismatch(step: number, path: string, expected: JsonValue, actual: JsonObject): Diagnostic {
  const at = firstDifference(expected, actual);
  return {
    ...finding("X07WASM_HTTP_TEST_FRAME_MISMATCH", "run", `step ${step}: frame mismatch`, { step, pointer: at.pointer, expected: shown(at.expected), actual: shown(at.actual) }),
    notes: [`at ${at.pointer === "" ? "the root" : at.pointer}: expected ${shown(at.expected)}, found ${shown(at.actual)}`],
    hint: "if the new behaviour is meant, record the trace again with `x07-wasm http serve --trace-out`",
    place: { file: path },
  };
}

interface Difference {
  readonly pointer: string;
  readonly expected: JsonValue | undefined;
  readonly actual: JsonValue | undefined;
}

/** The first place, in canonical order, where two documents differ. */
function firstDifference(expected: JsonValue | undefined, actual: JsonValue | undefined, pointer = ""): Difference {
  const both = isJsonObject(expected) && isJsonObject(actual);
  if (!both && !(isJsonArray(expected as JsonValue) && isJsonArray(actual as JsonValue))) return { pointer, expected, actual };
  const [a, b] = [expected as JsonObject, actual as JsonObject];
  for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    if (text(a[key]) !== text(b[key])) return firstDifference(a[key], b[key], `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
  return { pointer, expected, actual };
}

function text(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : compact(value);
}

function shown(value: JsonValue | undefined): string {
  const whole = text(value) ?? "nothing";
  return whole.length <= 200 ? whole : `${whole.slice(0, 197)}...`;
}
