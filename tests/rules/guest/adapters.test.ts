// The adapters as hosts see them: what a program is given for a request, and what becomes of its answer.

import { beforeAll, describe, expect, test } from "vitest";
import { readPackaged } from "../../../rules/contract/packaged.ts";
import { Guest, type HttpRequest } from "../../rig/guest-host.ts";

async function adapter(kind: string): Promise<Guest> {
  const part = readPackaged(`dist/guest/${kind}.component.wasm`);
  if (!part.ok) throw new Error("dist/guest is missing: run npm run build");
  return Guest.load(part.bytes);
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytes = (s: string) => new Uint8Array(Buffer.from(s));

describe("http adapter", () => {
  let guest: Guest;
  beforeAll(async () => void (guest = await adapter("http-adapter")));

  test("the program gets the envelope", () => {
    let seen = "";
    const answer = `{"schema_version":"x07.http.response.envelope@0.1.0","request_id":"req0","status":201,"headers":[{"k":"x-a","v":"1"}],"body":{"bytes_len":2,"text":"hi"}}`;
    const request: HttpRequest = { method: "POST", target: "/a?b=c", fields: [["z", "1"], ["a", "ü"]], body: bytes("hello") };
    const got = guest.http({ solve: (input) => ((seen = text(input)), bytes(answer)) }).request(request);
    expect(seen).toBe(`{"schema_version":"x07.http.request.envelope@0.1.0","id":"req0","method":"POST","path":"/a","query":"b=c","headers":[{"k":"a","v":"ü"},{"k":"z","v":"1"}],"body":{"bytes_len":5,"base64":"aGVsbG8="}}`);
    expect({ ...got, body: text(got.body) }).toEqual({ status: 201, fields: [["x-a", "1"]], body: "hi", events: ["set", "write", "finish"] });
  });
});

describe("cli adapter", () => {
  test("echoes", async () => {
    const guest = await adapter("cli-adapter");
    expect(guest.cli({ solve: (i) => i }).call(bytes("hello"))).toEqual({ ok: true, stdout: bytes("hello"), stderr: "" });
  });
});
