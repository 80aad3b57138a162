using System.Globalization;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>The seeds as typed: whole numbers, one run each.</summary>
/// <param name="Words">The distinct words of the list, in order.</param>
/// <param name="Error">Why nothing can be submitted; null: all words are seeds.</param>
internal sealed record SeedList(IReadOnlyList<string> Words, string? Error)
{
    /// <summary>Reads a list with commas, semicolons or spaces between its seeds.</summary>
    internal static SeedList Read(string text)
    {
        string[] words = [.. text.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries).Distinct()];
        string[] wrong = [.. words.Where(word => !long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))];
        string? error = words.Length == 0 ? "Enter at least one seed."
            : wrong.Length == 0 ? null
            : string.Join(", ", wrong.Select(word => $"“{word}”"))
                + (wrong.Length == 1 ? " is not a whole number; " : " are not whole numbers; ")
                + "seeds are whole numbers with commas between them, such as 1, 2, 3.";
        return new SeedList(words, error);
    }
}
