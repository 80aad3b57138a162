namespace LoraLab.Training.Adapters.Peft;

/// <summary>The factors of an adapted layer.</summary>
/// <param name="Rank">Rank.</param>
/// <param name="Out">Output width of the layer.</param>
/// <param name="In">Input width of the layer.</param>
/// <param name="Scaling">s.</param>
public sealed record PeftModule(int Rank, int Out, int In, double Scaling);
