namespace LoraLab.Server.Runs.Groups;

/// <summary>What makes several runs one row of a table.</summary>
internal enum RunGrouping
{
    /// <summary>Every run is a row of its own.</summary>
    None,

    /// <summary>Runs that differ only in seeds and descriptions are a row.</summary>
    Seeds,

    /// <summary>The runs of a study or sweep are a row.</summary>
    Experiments,

    /// <summary>The runs of a study or sweep are a row, and of the others those that differ only in seeds and descriptions.</summary>
    All,
}
