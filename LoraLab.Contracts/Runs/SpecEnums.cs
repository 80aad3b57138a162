namespace LoraLab.Contracts.Runs;

/// <summary>Learning-rate schedules; formulas in the contract.</summary>
public enum LearningRateSchedule
{
    /// <summary>(S - t) / (S - W) after warmup.</summary>
    Linear,

    /// <summary>1 after warmup.</summary>
    Constant,

    /// <summary>(1 + cos(pi (t - W) / (S - W))) / 2 after warmup.</summary>
    Cosine,
}

/// <summary>Tokens of a training text that are targets of the loss.</summary>
public enum LossScope
{
    /// <summary>Every token after BOS.</summary>
    Full,

    /// <summary>The tokens after the evaluation prompt: the label and the rest of the template.</summary>
    Completion,
}

/// <summary>Weighting of the token losses in a window.</summary>
public enum LossWeighting
{
    /// <summary>Mean over sentences of each sentence's mean token loss.</summary>
    PerExampleMean,

    /// <summary>Mean over the window's target tokens.</summary>
    PerToken,
}

/// <summary>What to do about rows of more tokens than <c>maxTokens</c> or the model's context.</summary>
public enum TooLong
{
    /// <summary>Refuse the run.</summary>
    Refuse,

    /// <summary>Leave them out.</summary>
    Drop,

    /// <summary>Shorten their text at its end; prompt and label stay whole.</summary>
    Truncate,
}

/// <summary>Rows that are evaluated.</summary>
public enum EvalSplit
{
    /// <summary>The dataset's development split.</summary>
    Dev,

    /// <summary>Training rows held out from training, for selecting hyper-parameters.</summary>
    Selection,
}

/// <summary>Score by which a label is predicted.</summary>
public enum LabelScore
{
    /// <summary>Sum of the log-probabilities of its tokens.</summary>
    Sum,

    /// <summary>Their mean.</summary>
    MeanPerToken,
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
