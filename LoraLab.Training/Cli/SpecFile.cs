using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>Run specifications that the command line names.</summary>
internal static class SpecFile
{
    /// <summary>The JSON of a file.</summary>
    public static JsonNode? Read(FileInfo file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(file.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw RunFailure.BadData($"{file.FullName} cannot be read as a run specification: {e.Message}", inner: e);
        }
    }

    /// <summary>The complete specification, or null; what is wrong and what is worth knowing is told.</summary>
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
