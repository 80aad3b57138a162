using System.Globalization;
using System.Text;
using LoraLab.Contracts.Methods;

namespace LoraLab.Training.Cli;

/// <summary>A method's page in <c>docs/methods/</c>, made from its descriptor so that it cannot drift from the code.</summary>
public static class MethodDocs
{
    /// <summary>The page as Markdown.</summary>
    public static string Page(MethodDescriptor method)
    {
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"""
            # {method.Name} (`{method.Id}`)

            {method.Summary}

            | | |
            |---|---|
            | Update | {method.Formula} |
            | Trained | {method.Trains} |
            | Trainable parameters of a layer | {method.Parameters} |
            | Start | {method.Start} |
            | Default learning rate | {method.DefaultLearningRate.ToString("0.#e-0", CultureInfo.InvariantCulture)}{(method.HasLearningRateB ? " for A; B has a rate of its own (`learningRateB`)" : "")} |
            | `initFrom` | {(method.AllowsInitFrom ? "a PEFT adapter of the same rank and targets" : "not possible: the factors come from the weights")} |
            | Saved adapter | {method.Export} |
            | Source | {method.Source} |

            ## Formula

            {Lines(method.Shapes)}

            ## Start

            {Lines(method.Initialization)}

            ## Options (`methodOptions`)

            | option | default | values | |
            |---|---|---|---|

            """);
        foreach (MethodOption option in method.Options)
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{option.Name}` | `{option.Default?.ToJsonString()}` | {Values(option)} | {option.Help} |\n");
        }

        page.Append("\n## Where it departs from the paper\n\n| Better Call LoRA says | here | why |\n|---|---|---|\n");
        foreach (PaperDeviation departure in method.Deviations)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {departure.Paper} | {departure.Implementation} | {departure.Reason} |\n");
        }

        return page.Append("\nWritten by `LoraLab.Training methods --docs docs/methods`; a test keeps it up to date.\n").ToString().ReplaceLineEndings("\n");
    }

    private static string Lines(IEnumerable<string> lines) => string.Join("\n", lines.Select(line => "- " + line));

    private static string Values(MethodOption option) => option switch
    {
        { Choices.Count: > 0 } => string.Join(", ", option.Choices.Select(choice => $"`{choice}`")),
        { Minimum: double low, Maximum: double high } => string.Create(CultureInfo.InvariantCulture, $"{option.Type}, {low:R} to {high:R}"),
        _ => option.Type,
    };
}
