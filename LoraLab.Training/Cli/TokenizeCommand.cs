using System.CommandLine;
using System.Text.Json;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>tokenize</c>, which prints the token ids of texts.</summary>
internal static class TokenizeCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string> model = new("--model")
        {
            Description = "Model by name, or a folder; a tokenizer.json or tokenizer.model is enough.",
            Required = true,
        };
        Option<bool> bare = new("--no-special") { Description = "Put nothing in front of the texts, such as BOS." };
        Command command = new("tokenize", "Read a JSON array of texts from standard input and print a JSON array of their token ids.")
        {
            model, bare,
        };
        command.SetAction(result => Run(new ModelCatalog(configuration), result.GetRequiredValue(model), result.GetValue(bare)));
        return command;
    }

    private static int Run(ModelCatalog models, string model, bool bare)
    {
        IEnumerable<int[]> encoded = models.Tokenize(model, ReadTexts(), withPrefix: !bare, out IReadOnlyList<string> warnings);
        foreach (string warning in warnings)
        {
            Console.Error.WriteLine($"warning: {warning}");
        }

        using Stream output = Console.OpenStandardOutput();
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartArray();
            foreach (int[] ids in encoded)
            {
                json.WriteStartArray();
                foreach (int id in ids)
                {
                    json.WriteNumberValue(id);
                }

                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        output.Write("\n"u8);
        return ExitCodes.Success;
    }

    private static List<string> ReadTexts()
    {
        List<string> texts = [];
        try
        {
            using Stream input = Console.OpenStandardInput();
            using JsonDocument document = JsonDocument.Parse(input);
            foreach (JsonElement text in document.RootElement.EnumerateArray())
            {
                texts.Add(text.GetString() ?? throw new InvalidOperationException("null is not a text"));
            }

            return texts;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw RunFailure.BadData(
                $"Standard input must be a JSON array of texts, but after {texts.Count} texts it is not: {Excerpt.Of(problem.Message)}",
                inner: problem);
        }
    }
}
