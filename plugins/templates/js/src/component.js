// What is built: nothing to change here.
import { component } from "hob-plugin/component";
import plugin from "./executor.js";

export const executor = component(plugin);
