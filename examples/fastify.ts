import {
  fastify as prometheus,
  metricsListener,
} from "@prometheus-async/prometheus-async/node";
import { fastify } from "fastify";
import process from "node:process";

const app = fastify();

app.register(prometheus());
app.get("/metrics", metricsListener());
app.get<{ Params: { id: string } }>(
  "/users/:id",
  (request) => `user ${request.params.id}\n`,
);

const port = Number(process.env.PORT ?? 8000);
const address = await app.listen({ host: "127.0.0.1", port });
console.log(`Listening on ${address}`);
