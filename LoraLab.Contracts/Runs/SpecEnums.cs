namespace LoraLab.Contracts.Runs;

/// <summary>Learning-rate schedules; formulas in the contract.</summary>
public enum LearningRateSchedule
{
    /// <summary>(S - t) / (S - W) after warm-up.</summary>
    Linear,

    /// <summary>1 after warm-up.</summary>
    Constant,

    /// <summary>(1 + cos(pi (t - W) / (S - W))) / 2 after warm-up.</summary>
    Cosine,
}

/// <summary>Which tokens of a training text are targets.</summary>
public enum LossScope
{
    /// <summary>Every token after BOS.</summary>
    Full,

    /// <summary>The tokens after the evaluation prompt: the label and the rest of the template.</summary>
    Completion,
}

/// <summary>How the token losses of a window are weighted.</summary>
public enum LossWeighting
{
    /// <summary>Mean over sentences of each sentence's mean token loss.</summary>
    PerExampleMean,

    /// <summary>Mean over the window's target tokens.</summary>
    PerToken,
}

/// <summary>Which rows are evaluated.</summary>
public enum EvalSplit
{
    /// <summary>The data set's development rows.</summary>
    Dev,

    /// <summary>Training rows that the run does not train on, for choosing hyper-parameters.</summary>
    Selection,
}

/// <summary>Precision of the frozen base weights; adapters, optimizer state and loss are always fp32.</summary>
public enum Precision
{
    /// <summary>A fixed rule over hardware and model.</summary>
    Auto,

    /// <summary>32-bit floats.</summary>
    Fp32,

    /// <summary>bfloat16.</summary>
    Bf16,

    /// <summary>16-bit floats with dynamic loss scaling.</summary>
    Fp16,
}
