import { assertEquals } from "@std/assert";
import ts from "typescript";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { test } from "../../_suite.ts";
import { createProject } from "./_project.ts";

const REFLECT = { "reflect-metadata": "0.2.2" };

const NEST = {
  ...REFLECT,
  "@nestjs/common": "12.5.1",
  "@nestjs/core": "12.5.1",
  "@nestjs/platform-express": "12.5.1",
  "rxjs": "7.8.2",
};

/** Compiles a program as Nest's own compiler does. */
function compile(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  }).outputText;
}

const METADATA = `
import "reflect-metadata";
import { countExceptions, time, trackInprogress }
  from "@prometheus-async/prometheus-async/wrappers";

const metric = { observe() {}, inc() {}, dec() {} };
const keep = (key, value) => (target, name, { value: method }) =>
  Reflect.defineMetadata(key, value, method);

class Users {
  @time(metric)
  @countExceptions(metric)
  @keep("guards", ["middle"])
  @trackInprogress(metric)
  @keep("path", "/users")
  async list() {}
}

const { list } = Users.prototype;
const own = Reflect.getOwnMetadataKeys(list).sort();
const returned = Reflect.getMetadata("design:returntype", Users.prototype, "list");
console.log(JSON.stringify([
  own,
  Reflect.getMetadata("path", list),
  Reflect.getMetadata("guards", list),
  returned === Promise,
]));
`;

const APPLICATION = `
import "reflect-metadata";
import { Controller, Get, Module, NotFoundException, SetMetadata, UseGuards }
  from "@nestjs/common";
import { NestFactory, Reflector } from "@nestjs/core";
import { countExceptions, time, trackInprogress }
  from "@prometheus-async/prometheus-async/wrappers";

const counts = { observed: 0, failed: 0 };
const seconds = { observe: () => void counts.observed++ };
const failures = { inc: () => void counts.failed++ };
const inprogress = { inc() {}, dec() {} };

class Guard {
  canActivate(context) {
    const role = new Reflector().get("role", context.getHandler());
    const { headers } = context.switchToHttp().getRequest();
    return role === undefined || headers.role === role;
  }
}

@Controller("users")
class Users {
  @time(seconds)
  @Get()
  @UseGuards(Guard)
  @SetMetadata("role", "admin")
  async list() {
    return ["ada"];
  }

  @SetMetadata("role", "admin")
  @UseGuards(Guard)
  @Get("between")
  @time(seconds)
  between() {
    return "between";
  }

  @time(seconds)
  @countExceptions(failures)
  @UseGuards(Guard)
  @trackInprogress(inprogress)
  @SetMetadata("role", "admin")
  @Get("missing")
  missing() {
    throw new NotFoundException();
  }
}

@Module({ controllers: [Users] })
class Application {}

const app = await NestFactory.create(Application, { logger: false });
await app.listen(0, "127.0.0.1");
const { port } = app.getHttpServer().address();
const statuses = [];
for (const path of ["", "/between", "/missing"]) {
  for (const role of ["guest", "admin"]) {
    const url = "http://127.0.0.1:" + port + "/users" + path;
    const response = await fetch(url, { headers: { role } });
    await response.text();
    statuses.push(response.status);
  }
}
await app.close();
console.log(JSON.stringify([statuses, counts]));
process.exit();
`;

test("a wrapper above decorators that use reflect-metadata shows what they keep", async () => {
  const project = await createProject({ npm: REFLECT });
  try {
    const printed = await project.run(compile(METADATA));
    assertEquals(JSON.parse(printed), [
      ["guards", "path"],
      "/users",
      ["middle"],
      true,
    ]);
  } finally {
    await project.remove();
  }
});

test(
  "routes and guards of a NestJS application work with wrappers above and below them",
  {
    skip: runtimeName() === "deno"
      ? "Deno runs the test of reflect-metadata alone"
      : undefined,
  },
  async () => {
    const project = await createProject({ npm: NEST });
    try {
      const printed = await project.run(compile(APPLICATION));
      assertEquals(JSON.parse(printed), [
        [403, 200, 403, 200, 403, 404],
        { observed: 3, failed: 1 },
      ]);
    } finally {
      await project.remove();
    }
  },
);
