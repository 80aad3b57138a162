namespace LoraLab.Server.Workers;

/// <summary>What is known about the process of an attempt whose server died.</summary>
internal enum OrphanState
{
    /// <summary>It has exited, and nothing holds the attempt's event file.</summary>
    Gone,

    /// <summary>It is alive and provably executes this directory's attempt.</summary>
    Ours,

    /// <summary>It is alive, or something holds the event file, but not all of the proof agrees: it must not be touched.</summary>
    Unproven,
}
