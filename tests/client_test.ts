import { assertEquals } from "@std/assert";
import process from "node:process";
import { client } from "./_client.ts";
import { test } from "./_suite.ts";

test("the tests run with the client package that was asked for", () => {
  // The exports that one package has and the other lacks.
  const isSuccessor = "ClusterRegistry" in client;
  assertEquals(
    isSuccessor,
    process.env.PROMETHEUS_CLIENT === "@prometheus-io/client",
  );
});
