namespace LoraLab.Training.Tasks.Completion.Chat;

/// <summary>
/// How a chat template writes a conversation: what stands before and behind the content of a message, by role. What the tokenizer puts in
/// front of every text, such as BOS, is not part of it.
/// </summary>
/// <param name="Name">Name in the specification.</param>
public sealed record ChatFormat(string Name)
{
    /// <summary>In <see cref="ChatTurn"/>, the token that ends a text in the model's tokenizer.</summary>
    public const string End = "{end}";

    /// <summary>Turns of the system; null: there are none, see <see cref="SystemBehind"/>.</summary>
    public ChatTurn? System { get; init; }

    /// <summary>
    /// Without turns of the system, what stands between its message and that of the user in the first turn of the user; null: a system
    /// message is refused.
    /// </summary>
    public string? SystemBehind { get; init; }

    /// <summary>A system message that conversations without one get; null: none.</summary>
    public string? DefaultSystem { get; init; }

    /// <summary>Turns of the user.</summary>
    public required ChatTurn User { get; init; }

    /// <summary>Turns of the assistant; <see cref="ChatTurn.Before"/> is also what the model continues.</summary>
    public required ChatTurn Assistant { get; init; }

    /// <summary>Whether white space at both ends of a message is left out.</summary>
    public bool Trims { get; init; }

    /// <summary>Texts that stand for tokens of their own in a vocabulary that was made for the format.</summary>
    public IReadOnlyList<string> Markers { get; init; } = [];
}
