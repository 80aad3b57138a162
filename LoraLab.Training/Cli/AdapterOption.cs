using System.CommandLine;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Specs;

namespace LoraLab.Training.Cli;

/// <summary>The option <c>--adapter</c>. Its messages speak of the option, not of the specification's <c>initFrom</c>.</summary>
internal static class AdapterOption
{
    private const string Name = "--adapter";
    private const string SpecField = "initFrom";

    public static Option<string?> Create(string without) =>
        new(Name) { Description = $"PEFT adapter folder, or the ID of a finished run{without}." };

    /// <summary>Runs an action; a failure that names the field names the option instead.</summary>
    public static T Run<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (RunFailure failure) when (failure.Field == SpecField || failure.Message.Contains(SpecField, StringComparison.Ordinal))
        {
            string message = failure.Message.StartsWith($"{SpecField}: ", StringComparison.Ordinal)
                ? $"{Name}: {failure.Message[(SpecField.Length + 2)..]}"
                : failure.Message;
            throw new RunFailure(
                failure.Reason, message.Replace(SpecField, Name, StringComparison.Ordinal), Name, failure)
            {
                Suggestions = failure.Suggestions,
            };
        }
    }

    /// <summary>Returns the base model of an adapter: the one given, else the one that the adapter names.</summary>
    /// <exception cref="RunFailure">The adapter names none, or one that is not available.</exception>
    public static string BaseModel(TrainerServices services, string folder, string? given)
    {
        if (given is not null)
        {
            return given;
        }

        string name = PeftImport.ReadConfig(folder).BaseModel
            ?? throw RunFailure.BadData($"The adapter in {folder} does not name its base model; set --model.", "model");
        string[] names = [.. services.Models.List().Select(model => model.Name)];
        string[] same = [.. names.Where(known => SpecValidator.LastPart(known) == SpecValidator.LastPart(name))];
        return names.Contains(name) ? name
            : same is [string only] ? only
            : throw RunFailure.BadData(
                $"The adapter in {folder} names '{Excerpt.Of(name)}' as its base model, which is not available under this name; "
                    + $"set --model to one of {string.Join(", ", names)}.",
                "model");
    }
}
