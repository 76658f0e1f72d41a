// Puts what `/docs` serves into the build: Swagger UI as it comes, and our own page around it.
import { cpSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const target = path("../dist/docs");

mkdirSync(target, { recursive: true });
for (const name of ["index.html", "initializer.js"]) cpSync(path(name), `${target}/${name}`);
for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "LICENSE", "NOTICE"])
  cpSync(path(`../node_modules/swagger-ui-dist/${name}`), `${target}/${name}`);
