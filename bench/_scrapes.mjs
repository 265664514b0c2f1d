/**
 * A program that scrapes a URL so many times, 2 ms apart, on one connection, with
 * headers: `Name: value`.
 */
import { Agent, get } from "node:http";
import process from "node:process";

const [url, count, ...lines] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const headers = Object.fromEntries(lines.map((line) => line.split(": ")));

for (let n = 0; n < Number(count); n++) {
  await new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error("it is not answered"));
      response.resume().once("end", resolve);
    }).once("error", reject);
  });
  await new Promise((resolve) => setTimeout(resolve, 2));
}
process.exit();
