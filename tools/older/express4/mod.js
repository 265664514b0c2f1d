/** The older version, for Bun and Node; Deno finds it by its import map. */
export { default } from "../../../node_modules/.deno/express@4.22.3/node_modules/express/index.js";
