// Answers that need no graph though something must be put in place, as a script of its own: the entry stays small without it.

export { takeAnswer } from "./answer-find.ts";
export { putBack } from "./put-back.ts";
