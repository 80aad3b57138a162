namespace LoraLab.Training.Tasks.Classification;

/// <summary>How the labels of a whole file are read.</summary>
internal enum LabelReading
{
    /// <summary>As label words.</summary>
    Words,

    /// <summary>As positions in the list of labels, from 0.</summary>
    Positions,

    /// <summary>As the keys of <c>labelValues</c>.</summary>
    Values,
}
