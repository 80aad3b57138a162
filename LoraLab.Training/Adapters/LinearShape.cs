namespace LoraLab.Training.Adapters;

/// <summary>Name and shape of a linear layer.</summary>
/// <param name="Name">Short name, for example <c>q_proj</c>.</param>
/// <param name="Out">Output width.</param>
/// <param name="In">Input width.</param>
public record LinearShape(string Name, int Out, int In);
