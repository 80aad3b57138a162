using System.Text.RegularExpressions;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>The server's messages about the form's runs, by field of the form and as sentences with the labels of the fields.</summary>
internal static partial class FormErrors
{
    /// <summary>
    /// The messages by JSON name of a field: <c>runs[3].learningRate</c> of a submission of several runs is <c>learningRate</c>, and a
    /// message that several runs share is shown once.
    /// </summary>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> ByField(IReadOnlyDictionary<string, IReadOnlyList<string>> errors)
    {
        Dictionary<string, IReadOnlyList<string>> fields = [];
        foreach ((string key, IReadOnlyList<string> messages) in errors)
        {
            string field = OfRun().Replace(key, "");
            fields[field] = [.. fields.GetValueOrDefault(field, []).Union(messages.Select(message => RunPrefix().Replace(message, "")))];
        }

        return fields;
    }

    /// <summary>The messages with the labels of their fields, each once.</summary>
    internal static IReadOnlyList<string> Sentences(IReadOnlyDictionary<string, IReadOnlyList<string>> errors) =>
        [.. errors.SelectMany(error => error.Value.Select(message => WithLabels(error.Key, message))).Distinct()];

    private static string WithLabels(string field, string message) =>
        SpecFieldCatalog.Default.Find(field.Split('.', '[')[0]) is { } known ? $"{known.Attribute.Label}: {message}" : message;

    [GeneratedRegex(@"^runs\[\d+\]\.")]
    private static partial Regex OfRun();

    [GeneratedRegex(@"^runs\[\d+\]: ")]
    private static partial Regex RunPrefix();
}
