// Fails if this Node.js is not in the range that ui/package.json declares as "engines". Runs before anything is
// installed, so it parses the two forms that are used there: ^20.19.0 and >=24.0.0.
import { readFileSync } from "fs";

const version = process.argv[2] || process.versions.node;
const range = JSON.parse(readFileSync(new URL("../ui/package.json", import.meta.url))).engines.node;
const [major, minor] = version.split(".").map(Number);

function fits(part) {
  const [, operator, wantedMajor, wantedMinor] = /^(\^|>=)(\d+)\.(\d+)\.0$/.exec(part);
  if (operator === ">=" && major > Number(wantedMajor)) return true;
  return major === Number(wantedMajor) && minor >= Number(wantedMinor);
}

if (!range.split(" || ").some(fits)) {
  console.error(`Node.js ${range} is needed; this is ${version}`);
  process.exit(1);
}
