import { serve } from "@hono/node-server";
import process from "node:process";
import app from "./hono.ts";

serve(
  { ...app, port: Number(process.env.PORT ?? 8000) },
  ({ port }) => console.log(`Listening on http://127.0.0.1:${port}`),
);
