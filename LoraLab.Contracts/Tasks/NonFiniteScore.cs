using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Tasks;

/// <summary>A score or loss that a JSON number cannot represent.</summary>
/// <param name="Row">Row of the evaluation file, from 0.</param>
/// <param name="Label">Index of the label; 0 for a loss.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
public sealed record NonFiniteScore(
    int Row, int Label, [property: AllowedValues("NaN", "Infinity", "-Infinity")] string Value);
