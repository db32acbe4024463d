// Stands somewhere: where the working folder was deleted, yargs and others could not even be loaded.
try {
  process.cwd();
} catch {
  process.chdir('/');
}
