// The parts of the YAML parser that are used. A module of its own, so that it loads only where there is a file: in
// the bundle a CommonJS package that is imported lazily by itself has a default export and no names.
export { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
