// Stands in for what the program never calls; should it be called after all, that is a defect of ours.

export function defaultProvider(): never {
  throw new Error('not part of this bundle');
}

export { defaultProvider as 'module.exports' };
