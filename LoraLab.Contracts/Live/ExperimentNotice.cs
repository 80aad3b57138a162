namespace LoraLab.Contracts.Live;

/// <summary>Kinds of experiment: owners of several runs.</summary>
public enum ExperimentKind
{
    /// <summary>Methods, grids and seeds under one protocol.</summary>
    Study,

    /// <summary>A search over fields of the specification.</summary>
    Sweep,
}

/// <summary>Notification that a study or sweep has changed; clients reload its document.</summary>
/// <param name="Kind">Study or sweep.</param>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Ended">True if it has ended.</param>
/// <param name="Deleted">True if it was deleted.</param>
public sealed record ExperimentNotice(ExperimentKind Kind, string Id, string Name, bool Ended, bool Deleted = false);
