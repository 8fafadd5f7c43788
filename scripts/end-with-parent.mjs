// Loaded before the program that an entry script starts: when the entry script is gone without having been able to
// pass on a signal (kill -9), the program is asked to stop as if it had.
if (process.channel !== undefined) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Listening must not keep a program alive that is done.
  process.channel.unref();
}
