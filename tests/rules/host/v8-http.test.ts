// HTTP components under V8: requests in, responses out, limits in the middle.

import { expect, test } from "vitest";
import { openV8 } from "../../../rules/host/v8.ts";
import type { V8Handler } from "../../../rules/host/v8.ts";
import { guestComponent, LIMITS } from "./rig.ts";

async function handler(name: string, changes: Partial<typeof LIMITS> = {}, wallMs = 5000): Promise<V8Handler> {
  const opened = openV8({ component: await guestComponent(name), path: `${name}.wasm`, limits: { ...LIMITS, ...changes }, wallMs, maxResponse: 1_048_576 });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

const post = (body: Uint8Array) => ({ method: "POST", pathWithQuery: "/", authority: "localhost", headers: [], body });

test("a body comes back whole, whatever its size", async () => {
  const echo = await handler("http-echo");
  for (const size of [0, 1, 4096, 4097, 100_000, 1_048_576]) {
    const body = new Uint8Array(size).map((_, i) => i * 7);
    const outcome = echo.answerNow(post(body));
    if (outcome.kind !== "answered") throw new Error(JSON.stringify(outcome));
    expect(outcome.response.status).toBe(200);
    expect(Buffer.from(outcome.response.body).equals(Buffer.from(body))).toBe(true);
    expect(outcome.response.headers.map((h) => [h.name, Buffer.from(h.value).toString()])).toEqual([["x-echo", "yes!"]]);
  }
});
