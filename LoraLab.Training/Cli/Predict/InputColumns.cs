using LoraLab.Training.Tasks;

namespace LoraLab.Training.Cli.Predict;

/// <summary>The texts of inputs, by column.</summary>
internal static class InputColumns
{
    /// <summary>Names of the columns in a template, in their order, without one that is predicted.</summary>
    public static IReadOnlyList<string> Of(string template, string predicted) =>
        [.. PromptPart.Split(template, null).Where(part => part.IsColumn && part.Text != predicted).Select(part => part.Text)];

    /// <summary>The texts of columns; columns that the template does not name are ignored.</summary>
    /// <exception cref="PredictRefusal">A column is missing.</exception>
    public static string[] Texts(IReadOnlyDictionary<string, string> input, int index, IReadOnlyList<string> columns) =>
        [.. columns.Select(column => input.GetValueOrDefault(column) ?? throw PredictRefusal.Of(
            $"inputs[{index}].{column}",
            $"Input {index} has no text for the column '{column}'; the prompt needs {string.Join(", ", columns)}."))];
}
