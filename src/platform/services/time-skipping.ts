// The test server that skips waiting time. Behind one function, because Temporal will retire it for native skipping.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from '../child-process.ts';
import { childEnvironment } from '../environment/child-environment.ts';
import type { Progress } from '../progress.ts';
import { LocalServiceError } from './local-service-error.ts';
import { cachedProgram } from './program-cache.ts';
import { executableOnPath, isExecutableFile, networkVariables } from './temporal-binary.ts';
import { downloadTemporalProgram } from './temporal-download.ts';

const serverVersion = '1.32.0';
const program = { name: `temporal-test-server-${serverVersion}`, file: 'temporal-test-server' };
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const javaVariables = ['JAVA_HOME', 'MAVEN_OPTS', 'MAVEN_ARGS', 'M2_HOME', 'MAVEN_HOME'];

export interface TimeSkippingOptions {
  /** `TEMPORAL_TEST_SERVER_PATH`: used as it is. */
  readonly testServerPath?: string | undefined;
  readonly cacheDirectory: string;
  readonly progress: Progress;
  readonly logFile: string;
  readonly downloadService?: string;
}

/**
 * The path of a time-skipping server for
 * `TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } })`.
 * Configured, cached, downloaded, or its jars from Maven Central behind a launcher script.
 */
export async function timeSkippingServerExecutable(options: TimeSkippingOptions): Promise<string> {
  const { testServerPath } = options;
  if (testServerPath !== undefined) {
    if (isExecutableFile(testServerPath)) return testServerPath;
    throw new LocalServiceError(
      `TEMPORAL_TEST_SERVER_PATH names ${testServerPath}, which is no executable file.`,
      'Correct it, or unset it to let Countersign install the test server.',
    );
  }
  return cachedProgram({ ...program, ...options, install: (directory) => install(directory, options) });
}

async function install(directory: string, options: TimeSkippingOptions): Promise<void> {
  const { progress, logFile } = options;
  const step = progress.step('Downloading the time-skipping test server', { expectSeconds: 20, logFile });
  try {
    const serviceUrl = options.downloadService === undefined ? {} : { serviceUrl: options.downloadService };
    await downloadTemporalProgram({
      artifact: 'temporal-test-server',
      version: 'default',
      directory,
      file: 'native-test-server',
      logFile,
      ...serviceUrl,
    });
    await writeLauncher(directory, 'exec "$here/native-test-server" "$@"');
    step.done();
    return;
  } catch {
    step.done('not possible from here, so it is taken from Maven Central');
  }
  await installFromMaven(directory, options);
  const java =
    'exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx512m';
  await writeLauncher(directory, `${java} -cp "$here/jars/*" io.temporal.testserver.TestServer "$@"`);
}

async function installFromMaven(directory: string, { progress, logFile }: TimeSkippingOptions): Promise<void> {
  const searchPath = childEnvironment()['PATH'] ?? '';
  const missing = ['java', 'mvn'].filter((command) => executableOnPath(command, searchPath) === undefined);
  if (missing.length > 0) throw cannotInstall(`Missing on PATH: ${missing.join(', ')}.`, logFile);
  const project = join(directory, 'pom.xml');
  await writeFile(project, projectFile);
  await progress.during('Fetching the time-skipping test server, once', { expectSeconds: 60, logFile }, async () => {
    const jars = join(directory, 'jars');
    const fetched = await runToEnd({
      command: 'mvn',
      arguments: ['-B', '-q', '-f', project, dependencyPlugin, `-DoutputDirectory=${jars}`, '-DincludeScope=runtime'],
      directory,
      environment: childEnvironment([...javaVariables, ...networkVariables]),
      logFile,
    });
    if (!fetched) throw cannotInstall('Maven could not fetch it.', logFile);
  });
}

const projectFile = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>countersign</groupId>
  <artifactId>time-skipping</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${serverVersion}</version>
    </dependency>
    <dependency>
      <!-- Without a logger on its class path it prints a warning into every test run. -->
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

/**
 * The SDK starts this script and kills its pid when done, so the server takes the script's place. When the test
 * process itself is killed nobody does that: a watcher, which lives as long as the server, then ends it.
 */
async function writeLauncher(directory: string, start: string): Promise<void> {
  const script = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd) || exit 1
starter=$PPID
(
  while kill -0 "$starter" && kill -0 $$; do sleep 1; done
  kill -9 $$
) </dev/null >/dev/null 2>&1 &
${start}
`;
  await writeFile(join(directory, program.file), script, { mode: 0o755 });
}

function cannotInstall(reason: string, logFile: string): LocalServiceError {
  return new LocalServiceError(
    `The time-skipping test server could not be installed. ${reason}`,
    'Install a Java runtime and Maven, or set TEMPORAL_TEST_SERVER_PATH to a Temporal test server.',
    { logFile },
  );
}
