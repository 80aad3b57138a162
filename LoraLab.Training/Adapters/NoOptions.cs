namespace LoraLab.Training.Adapters;

/// <summary>Options of a method that has none.</summary>
public sealed record NoOptions;
