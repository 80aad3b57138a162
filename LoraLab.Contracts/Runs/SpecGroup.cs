namespace LoraLab.Contracts.Runs;

/// <summary>A group of related fields of the specification, in the order of forms and documentation.</summary>
public enum SpecGroup
{
    /// <summary>Model, dataset and prompt.</summary>
    Data,

    /// <summary>Method and adapter.</summary>
    Method,

    /// <summary>Optimizer, schedule and loss.</summary>
    Optimization,

    /// <summary>Evaluation, precision, device and memory budget.</summary>
    Evaluation,

    /// <summary>Name, notes, tags and priority.</summary>
    Identity,
}
