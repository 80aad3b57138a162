namespace LoraLab.Contracts.Runs;

/// <summary>What a field of the specification affects; everything that treats fields differently is derived from this.</summary>
[Flags]
public enum SpecRoles
{
    /// <summary>None; every field has at least one role.</summary>
    None = 0,

    /// <summary>Describes the run or its place in the queue, without effect on results.</summary>
    Description = 1,

    /// <summary>Rows, texts, targets and their weights.</summary>
    Data = 2,

    /// <summary>The number of steps, or what an evaluation at a step means.</summary>
    Steps = 4,

    /// <summary>A hyper-parameter of the adapter or of its optimization.</summary>
    Method = 8,

    /// <summary>A learning rate, along which a grid can be extended.</summary>
    LearningRate = 16,

    /// <summary>When and on which rows the run is evaluated.</summary>
    Evaluation = 32,

    /// <summary>The memory of the run depends on it.</summary>
    Memory = 64,

    /// <summary>Where and in which precision the run is computed.</summary>
    Device = 128,

    /// <summary>Changes neither the gradient nor what is evaluated.</summary>
    GradientNeutral = 256,

    /// <summary>Distinguishes repetitions of the same experiment.</summary>
    Seed = 512,

    /// <summary>The frozen model itself.</summary>
    Base = 1024,
}
