namespace LoraLab.Contracts.Live;

/// <summary>Something that owns several runs has changed: its document is to be read again.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Ended">Nothing happens any more by itself.</param>
public sealed record ExperimentNotice(ExperimentKind Kind, string Id, string Name, bool Ended);

/// <summary>What owns several runs.</summary>
public enum ExperimentKind
{
    /// <summary>Methods, grids and seeds under one protocol.</summary>
    Study,

    /// <summary>A search over fields of the specification.</summary>
    Sweep,
}
