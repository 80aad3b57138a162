using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>What the form of a new run starts from.</summary>
/// <param name="Source">The run that is cloned; null: none.</param>
/// <param name="Template">The specification to start from, with the values that the run used; null: the defaults.</param>
public sealed record FormStart(RunDocument? Source, CloneTemplate? Template);
