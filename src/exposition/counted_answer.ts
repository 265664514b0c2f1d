/** Answers of a handler, with the figures that are counted of them. */

import { type Answer, plainAnswer } from "../answer.ts";
import { reasonOf } from "../base/describe.ts";
import type { CollectorError } from "../errors.ts";
import type { Format } from "../formats/format.ts";
import type { AnswerRecord } from "./scrape_reports.ts";
import type { MadeAnswer, WantedAnswer } from "./shared_answers.ts";

export interface CountedAnswer extends Pick<AnswerRecord, "format" | "bytes"> {
  readonly answer: Answer;
  readonly failures?: readonly CollectorError[];
}

/** Makes the answer to a request of the bytes that it may share with others. */
export function writtenAnswer(
  { format }: WantedAnswer,
  { body, encoding, failures }: MadeAnswer,
  method: string,
): CountedAnswer {
  if (body === undefined) {
    return { ...plain(500, failures.map(reasonOf).join("\n")), failures };
  }
  const isHead = method === "HEAD";
  const answer: Answer = {
    status: 200,
    headers: {
      "content-type": format.contentType,
      "content-length": String(body.byteLength),
      "vary": "Accept, Accept-Encoding",
      ...encoding && { "content-encoding": encoding },
    },
    body: isHead ? null : body,
  };
  return {
    answer,
    format: nameOf(format),
    bytes: isHead ? undefined : body.byteLength,
    failures,
  };
}

/** Makes an answer of one line of text; `null` is none. */
export function plain(
  status: number,
  text: string | null,
  headers: Record<string, string> = {},
): CountedAnswer {
  return { answer: plainAnswer(status, text, headers) };
}

/** The name of a format, as the package's own metrics tell it. */
export function nameOf({ syntax, version }: Format): string {
  return `${syntax.name} ${version}`;
}
