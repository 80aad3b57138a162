namespace LoraLab.Contracts.Runs;

/// <summary>
/// Fields of the run specification with new values; absent fields keep theirs. Only a description: the API reads such objects as JSON,
/// because a record cannot tell an absent field from one with the default value.
/// </summary>
public sealed record RunSpecChanges : RunSpec;
