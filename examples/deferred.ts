import { time } from "@prometheus-async/prometheus-async";
import { Histogram, register } from "prom-client";

const replyTime = new Histogram({
  name: "reply_seconds",
  help: "Time until a question was answered",
  buckets: [1, 10],
});

const { port1: here, port2: there } = new MessageChannel();

// The promises of the answers, by the numbers of their questions.
const waiting = new Map<number, PromiseWithResolvers<string>>();
let asked = 0;

function ask(question: string): Promise<string> {
  const reply = Promise.withResolvers<string>();
  const id = ++asked;
  waiting.set(id, reply);
  here.postMessage({ id, question });
  return time(replyTime, reply.promise);
}

here.onmessage = ({ data: { id, answer } }) => {
  waiting.get(id)?.resolve(answer);
  waiting.delete(id);
};

// In an application, a worker or another process would answer.
there.onmessage = ({ data: { id, question } }) =>
  there.postMessage({ id, answer: question.toUpperCase() });

const answers = await Promise.all([ask("one"), ask("two")]);
console.log(answers.join(" "));
here.close();

console.log(await register.metrics());
