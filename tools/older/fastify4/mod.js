/** The older version, for Bun and Node; Deno finds it by its import map. */
export { default } from "../../../node_modules/.deno/fastify@4.29.1/node_modules/fastify/fastify.js";
