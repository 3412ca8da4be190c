// Violations of a schema in words: where, what was expected, what was found. Knows nothing of files or of how they were found.

import { compact, isJsonArray, isJsonObject } from "../../engine/index.ts";
import type { Diagnostic, JsonObject, JsonValue } from "../../engine/index.ts";
import { firstChars, similar } from "../../engine/index.ts";

/** One error as validators report it: pointers into the document and the schema, and the keyword's facts. */
export interface Violation {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: JsonObject;
}

/** One diagnostic a violation, in the order of the document. Branches of a choice that failed are notes of the choice. */
export function explain(violations: readonly Violation[], document: JsonValue, file: string | undefined, code: string): Diagnostic[] {
  const kept: Finding[] = [];
  for (const violation of violations) {
    const branches = isChoice(violation) ? takeBranches(kept, violation) : [];
    kept.push({ violation, branches });
  }
  const missing = missingMembers(violations);
  return kept.map((finding) => diagnosticOf(finding, document, file, code, missing.get(finding.violation.instancePath) ?? []));
}

/** A violation and, where it is a choice, why each of its branches was refused. */
interface Finding {
  readonly violation: Violation;
  readonly branches: readonly Violation[];
}

function isChoice({ keyword }: Violation): boolean {
  return keyword === "oneOf" || keyword === "anyOf";
}

/** The errors of the branches of a choice come just before its own; they are moved out of `kept`; a choice within a choice gives its own branches. */
function takeBranches(kept: Finding[], choice: Violation): Violation[] {
  const branches: Violation[] = [];
  for (let last = kept.at(-1); last !== undefined && within(last.violation.instancePath, choice.instancePath); last = kept.at(-1)) {
    kept.pop();
    branches.unshift(...(last.branches.length > 0 ? last.branches : [last.violation]));
  }
  return branches;
}

function within(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** Names of members that are not there, by the object that lacks them. */
function missingMembers(violations: readonly Violation[]): Map<string, string[]> {
  const missing = new Map<string, string[]>();
  for (const { keyword, instancePath, params } of violations) {
    if (keyword !== "required") continue;
    const names = missing.get(instancePath);
    if (names === undefined) missing.set(instancePath, [String(params["missingProperty"])]);
    else names.push(String(params["missingProperty"]));
  }
  return missing;
}

function diagnosticOf({ violation, branches }: Finding, document: JsonValue, file: string | undefined, code: string, missing: readonly string[]): Diagnostic {
  const pointer = violation.instancePath;
  // When every branch speaks of the value itself, one sentence says it all; otherwise the branches are notes.
  const direct = branches.length > 0 && branches.every((b) => b.instancePath === pointer && !("missingProperty" in b.params) && !("additionalProperty" in b.params));
  const text = direct ? `expected ${[...new Set(branches.map(expectation))].join(" or ")}, found ${found(at(document, pointer), "")}` : sentence(violation, document);
  const notes = direct ? [] : [...new Set(branches.map((b) => `${b.instancePath === "" ? "/" : b.instancePath}: ${sentence(b, document)}`))].slice(0, 6);
  return {
    code,
    severity: "error",
    stage: "parse",
    message: `${file ?? "document"}#${pointer}: ${text}`,
    data: { instance_path: pointer, schema_path: violation.schemaPath.replace(/^#/, "") },
    notes: notes.length === 0 ? undefined : notes,
    hint: hintFor(violation, missing),
  };
}

function hintFor(violation: Violation, missing: readonly string[]): string | undefined {
  if (violation.keyword !== "additionalProperties") return undefined;
  const name = String(violation.params["additionalProperty"]);
  const meant = similar(name, missing)[0];
  return meant === undefined ? `remove ${JSON.stringify(name)}` : `did you mean ${JSON.stringify(meant)}?`;
}

// ---------------------------------------------------------------------------------------------- sentences

function sentence(violation: Violation, document: JsonValue): string {
  const { keyword, params } = violation;
  if (keyword === "required") return `expected a member ${JSON.stringify(params["missingProperty"])}, found none`;
  if (keyword === "additionalProperties") return `expected no member ${JSON.stringify(params["additionalProperty"])}, found one`;
  if (keyword === "propertyNames") return `the name ${JSON.stringify(params["propertyName"])} is not allowed here`;
  return `expected ${expectation(violation)}, found ${found(at(document, violation.instancePath), keyword)}`;
}

function expectation({ keyword, params }: Violation): string {
  const limit = String(params["limit"]);
  switch (keyword) {
    case "type":
      return alternatives(params["type"]);
    case "const":
      return compact(params["allowedValue"] as JsonValue);
    case "enum":
      return `one of ${(params["allowedValues"] as JsonValue[]).map(compact).join(", ")}`;
    case "pattern":
      return `text that matches ${String(params["pattern"])}`;
    case "minimum":
      return `a number of at least ${limit}`;
    case "maximum":
      return `a number of at most ${limit}`;
    case "minLength":
      return `at least ${limit} characters`;
    case "maxLength":
      return `at most ${limit} characters`;
    case "minItems":
      return `at least ${limit} items`;
    case "maxItems":
      return `at most ${limit} items`;
    case "uniqueItems":
      return `no item twice (items ${String(params["i"])} and ${String(params["j"])} are equal)`;
    case "oneOf":
    case "anyOf":
      return params["passingSchemas"] == null ? "one of the allowed forms" : "just one of the allowed forms to fit";
    default:
      return keyword;
  }
}

const TYPE_WORDS: { readonly [type: string]: string } = { object: "an object", array: "a list", string: "a text", integer: "an integer", number: "a number", boolean: "true or false", null: "null" };

function alternatives(types: JsonValue | undefined): string {
  const names = isJsonArray(types as JsonValue) ? (types as readonly string[]) : String(types).split(",");
  return names.map((name) => TYPE_WORDS[name] ?? name).join(" or ");
}

/** The offending value, short; its size where the size is what is wrong. */
function found(value: JsonValue | undefined, keyword: string): string {
  if (value === undefined) return "nothing";
  if (/Length$/.test(keyword) && typeof value === "string") return `${[...value].length}`;
  if (/Items$/.test(keyword) && isJsonArray(value) && keyword !== "uniqueItems") return `${value.length}`;
  const text = compact(value);
  if (text.length <= 80) return text;
  return isJsonArray(value) ? "a list" : isJsonObject(value) ? "an object" : `${firstChars(text, 77)}…`;
}

/** The value at a JSON pointer, or undefined. */
export function at(document: JsonValue, pointer: string): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (isJsonArray(value as JsonValue)) value = (value as readonly JsonValue[])[Number(key)];
    else if (isJsonObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}
