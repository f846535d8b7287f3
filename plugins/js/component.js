// Makes the component of an executor. The only file that imports what hob has to offer, so it runs in a component only.

import { console as lines } from "./shim.js";
import * as context from "hob:plugin/context@0.1.0";
import * as files from "hob:plugin/files@0.1.0";
import * as http from "hob:plugin/http@0.1.0";
import * as io from "hob:plugin/io@0.1.0";
import * as process from "hob:plugin/process@0.1.0";
import * as search from "hob:plugin/search@0.1.0";
import * as state from "hob:plugin/state@0.1.0";
import { serve } from "./serve.js";

const host = { context, files, http, io, process, search, state };

/** What `src/component.js` exports as `executor`. */
export function component(executor) {
  globalThis.console ??= lines(
    (line) => context.output().write(new TextEncoder().encode(`${line}\n`)),
    (level, line) => context.log(level, line, []),
  );
  return serve(executor, host);
}
