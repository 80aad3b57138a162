namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>Divides pieces of a text into smaller ones. Thread-safe.</summary>
internal interface IPreTokenizer
{
    /// <summary>Adds the pieces of a piece that is not empty; none of them is empty.</summary>
    void Split(in Piece piece, List<Piece> pieces, TextScratch scratch);
}
