using System.Text.RegularExpressions;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Library.Pulls;

/// <summary>What can be requested to download.</summary>
internal static partial class PullRules
{
    /// <summary>Checks a request.</summary>
    /// <param name="kind">Model or dataset.</param>
    /// <param name="request">The request.</param>
    /// <param name="published">Names of the datasets that can be downloaded.</param>
    /// <exception cref="ApiFailure">A field is wrong.</exception>
    public static void Check(PullKind kind, PullRequest request, IReadOnlyList<string> published)
    {
        List<FieldError> errors = [];
        string shown = ApiFailure.Shorten(request.Name);
        if (kind == PullKind.Model && !ModelName().IsMatch(request.Name))
        {
            errors.Add(new("name", $"name is '{shown}'; a model has the form owner/name, such as TinyLlama/TinyLlama-1.1B-Chat-v1.0."));
        }
        else if (kind == PullKind.Dataset && !published.Contains(request.Name))
        {
            errors.Add(new("name", $"name is '{shown}'; it must be one of {string.Join(", ", published)}. Upload any other dataset."));
        }

        if (request.Revision is { } revision && (revision.Length is 0 or > PullRequest.MaximumText || revision.Any(IsNoRevision)))
        {
            errors.Add(new(
                "revision",
                $"revision is '{ApiFailure.Shorten(revision)}'; it must be a branch, tag or commit of at most {PullRequest.MaximumText} "
                    + "characters, or absent."));
        }

        ApiFailure.ThrowIfAny(errors);
    }

    /// <summary>Whether a text has the form of a model's name on the hub.</summary>
    public static bool IsModelName(string name) => ModelName().IsMatch(name);

    private static bool IsNoRevision(char letter) => char.IsControl(letter) || char.IsWhiteSpace(letter) || letter == '@';

    [GeneratedRegex(@"^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._-]{0,95}/[A-Za-z0-9_][A-Za-z0-9._-]{0,95}\z")]
    private static partial Regex ModelName();
}
