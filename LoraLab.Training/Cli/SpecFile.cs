using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>Run specifications from files named on the command line.</summary>
internal static class SpecFile
{
    /// <summary>Creates the option that names the file.</summary>
    public static Option<FileInfo> Option() => PathOption.RequiredFile("--spec", "Run specification (JSON file).");

    /// <summary>Reads the JSON of a file.</summary>
    public static JsonNode? Read(FileInfo file)
    {
        try
        {
            return JsonNode.Parse(JsonFile.Read(file.FullName).Span, documentOptions: JsonFile.Strict);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw RunFailure.BadData($"{file.FullName} cannot be read as a run specification: {Excerpt.Of(JsonText.Problem(e))}", inner: e);
        }
    }

    /// <summary>Validates a specification, prints errors and warnings, and returns it with its defaults; null if it is invalid.</summary>
    public static RunSpec? Complete(TrainerServices services, JsonNode? json, IAnsiConsole console)
    {
        SpecValidation validation = services.Validator.Validate(json);
        foreach (FieldError error in validation.Errors)
        {
            console.MarkupLineInterpolated($"[red]{error.Field}[/]: {error.Message}");
        }

        foreach (string warning in validation.Warnings)
        {
            console.MarkupLineInterpolated($"[yellow]{warning}[/]");
        }

        return validation.Spec;
    }
}
