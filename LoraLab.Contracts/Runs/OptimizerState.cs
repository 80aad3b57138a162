namespace LoraLab.Contracts.Runs;

/// <summary>Where the optimizer keeps its moments.</summary>
public enum OptimizerState
{
    /// <summary>In the memory of the device.</summary>
    Device,

    /// <summary>In the memory of the host; a part at a time is moved to the device for the update.</summary>
    Host,
}
