"""What Dagster's webserver is asked, so that its answers can be searched: all that the UI shows."""

ERROR = "fragment E on PythonError {message stack className errorChain {error {message stack}}}"
METADATA = """fragment M on MetadataEntry {label description
    ... on TextMetadataEntry {text} ... on UrlMetadataEntry {url} ... on PathMetadataEntry {path}
    ... on JsonMetadataEntry {jsonString} ... on MarkdownMetadataEntry {mdStr} ... on NotebookMetadataEntry {path}
    ... on PythonArtifactMetadataEntry {module name} ... on TableMetadataEntry {table {records}}
    ... on CodeReferencesMetadataEntry {codeReferences {... on UrlCodeReference {url}}}}
"""

INSTANCE = (
    """{version instance {info runLauncher {name} runQueueConfig {tagConcurrencyLimitsYaml}
    daemonHealth {allDaemonStatuses {daemonType lastHeartbeatErrors {...E}}}}}
"""
    + ERROR
)
WORKSPACE = (
    """{workspaceOrError {... on PythonError {...E} ... on Workspace {locationEntries {
    name loadStatus displayMetadata {key value} locationOrLoadError {
        ... on PythonError {...E}
        ... on RepositoryLocation {name repositories {
            name displayMetadata {key value}
            jobs {name isAssetJob description tags {key value} modes {name}}
            schedules {name cronSchedule description scheduleState {ticks(limit: 50) {
                status skipReason runKeys cursor error {...E}}}}
            sensors {name description metadata {assetKeys {path}} sensorState {
                ticks(limit: 50) {status skipReason runKeys cursor error {...E}}
                typeSpecificData {... on SensorData {lastCursor lastRunKey}}}}}}}}}}}
"""
    + ERROR
)
ASSETS = (
    """{assetNodes {id description groupName kinds computeKind tags {key value}
    owners {... on UserAssetOwner {email} ... on TeamAssetOwner {team}}
    metadataEntries {...M}
    configField {name configTypeKey defaultValueAsJson}
    assetMaterializations(limit: 5) {runId tags {key value} metadataEntries {...M}}
    assetChecksOrError {... on AssetChecks {checks {name description
        executionForLatestMaterialization {evaluation {description metadataEntries {...M}}}}}}}}
"""
    + METADATA
)
RESOURCES = (
    """query ($in: RepositorySelector!) {allTopLevelResourceDetailsOrError(repositorySelector: $in) {
    ... on PythonError {...E} ... on ResourceDetailsList {results {name description resourceType
        configFields {name description defaultValueAsJson} configuredValues {key value type}}}}}
"""
    + ERROR
)
LAUNCHPAD = """query ($of: PipelineSelector!) {runConfigSchemaOrError(selector: $of) {
    ... on RunConfigSchema {rootDefaultYaml allConfigTypes {key description
        ... on CompositeConfigType {fields {name description defaultValueAsJson}}
        ... on EnumConfigType {values {value description}}}}}}"""
BACKFILLS = (
    """{partitionBackfillsOrError(limit: 100) {... on PartitionBackfills {results {
    id tags {key value} title description error {...E}}}}}
"""
    + ERROR
)
RUNS = """query ($limit: Int!, $cursor: String) {runsOrError(limit: $limit, cursor: $cursor) {
    ... on Runs {results {runId jobName runConfigYaml tags {key value} stepKeysToExecute}}}}"""
EVENTS = (
    """query ($run: ID!, $cursor: String, $limit: Int!) {
  logsForRun(runId: $run, afterCursor: $cursor, limit: $limit) {
    ... on EventConnection {cursor hasMore events {
        ... on MessageEvent {message stepKey}
        ... on ErrorEvent {error {...E}}
        ... on LogsCapturedEvent {fileKey}
        ... on DisplayableEvent {description label metadataEntries {...M}}
        ... on ExecutionStepFailureEvent {errorSource failureMetadata {metadataEntries {...M}}}
        ... on AssetCheckEvaluationEvent {evaluation {description metadataEntries {...M}}}}}}}
"""
    + ERROR
    + METADATA
)
OUTPUT = """query ($key: [String!]!, $cursor: String) {
  capturedLogs(logKey: $key, cursor: $cursor, limit: 1000000) {stdout stderr cursor}}"""

EVERY = (INSTANCE, WORKSPACE, ASSETS, RESOURCES, LAUNCHPAD, BACKFILLS, RUNS, EVENTS, OUTPUT)
