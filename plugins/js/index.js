// Write executors for hob. What is here runs in a component and in Node.js alike: `component.js` alone knows hob.

export { boolean, choice, executor, integer, json, list, number, string } from "./executor.js";
export { Cancelled, Denied, Failed, InvalidParams } from "./errors.js";
export { Task } from "./task.js";
