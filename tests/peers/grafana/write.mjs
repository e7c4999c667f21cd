// Writes JSON schemas of a dashboard, and of the options and fields of the panel types named: node write.mjs stat table ...
import {createGenerator} from "ts-json-schema-generator";

const types = "node_modules/@grafana/schema/dist/types/raw/";
const schema = (path, type) =>
  createGenerator({path: `${types}${path}/x/types.gen.d.ts`, type, skipTypeCheck: true, additionalProperties: false}).createSchema(type);

const written = {};
for (const type of ["Dashboard", "Panel", "RowPanel", "FieldConfig"]) written[type] = schema("dashboard", type);
for (const kind of process.argv.slice(2))
  for (const type of ["Options", "FieldConfig"]) written[`${kind} ${type}`] = schema(`composable/${kind}/panelcfg`, type);
process.stdout.write(JSON.stringify(written));
