// How the tests are found and run: every room under tests/ but bench (timings are never tests).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], exclude: ["tests/bench/**"], testTimeout: 240_000, hookTimeout: 120_000, pool: "forks", maxWorkers: 2 },
});
