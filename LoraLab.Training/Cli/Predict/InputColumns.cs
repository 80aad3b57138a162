using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Cli.Predict;

/// <summary>The texts of inputs, by column.</summary>
internal static class InputColumns
{
    /// <summary>Names of the columns in a template, in their order, without one that is predicted.</summary>
    public static IReadOnlyList<string> Of(string template, string predicted) =>
        [.. PromptPart.Split(template, null).Where(part => part.IsColumn && part.Text != predicted).Select(part => part.Text)];

    /// <summary>The texts of columns.</summary>
    /// <exception cref="PredictRefusal">A column is missing.</exception>
    public static string[] Texts(IReadOnlyDictionary<string, string> input, int index, IReadOnlyList<string> columns) =>
        [.. columns.Select(column => input.GetValueOrDefault(column) ?? throw PredictRefusal.Of(
            $"inputs[{index}].{column}",
            $"Input {index} has no text for the column '{column}'"
                + (NearestName.Of(column, input.Keys.Except(columns)) is string near
                    ? $", but one for '{Excerpt.Of(near)}': did you mean '{column}'?"
                    : $"; the prompt needs {string.Join(", ", columns)}.")))];

    /// <summary>Refuses columns that no prompt names.</summary>
    /// <exception cref="PredictRefusal">A column is unknown.</exception>
    public static void RequireKnown(IReadOnlyList<IReadOnlyDictionary<string, string>> inputs, IReadOnlyList<string> columns)
    {
        foreach ((int index, IReadOnlyDictionary<string, string> input) in inputs.Index())
        {
            if (input.Keys.FirstOrDefault(column => !columns.Contains(column)) is string unknown)
            {
                string hint = NearestName.Of(unknown, columns) is string near
                    ? $"did you mean '{near}'?"
                    : columns.Count == 0 ? "it names none." : $"it names {string.Join(", ", columns)}.";
                throw PredictRefusal.Of(
                    $"inputs[{index}].{Excerpt.Of(unknown)}",
                    $"Input {index} has the column '{Excerpt.Of(unknown)}', which the prompt does not name; {hint}");
            }
        }
    }
}
