import {
  startHttpServerInThreadSync,
  time,
} from "@prometheus-async/prometheus-async";
import { pbkdf2Sync } from "node:crypto";
import process from "node:process";
import { Histogram, register } from "prom-client";

const [, , count = "500"] = process.argv;

const hashTime = new Histogram({
  name: "hash_seconds",
  help: "Time to hash a password",
});
const hash = time(hashTime)((password: string) =>
  pbkdf2Sync(password, "salt", 100_000, 64, "sha512")
);

const server = startHttpServerInThreadSync({
  addr: "127.0.0.1",
  port: Number(process.env.PORT ?? 8000),
  registry: register,
});
console.log(`Listening on http://127.0.0.1:${server.socket.port}`);

// From here on the main thread is busy, and is scraped all the same.
for (let n = 0; n < Number(count); n++) hash(`password ${n}`);

server.closeSync();
console.log(`${count} passwords were hashed`);
